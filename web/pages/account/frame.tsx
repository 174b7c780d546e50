/** The plain column of the pages before the console. */
import type { ReactNode } from 'react';
import { useTitle } from '../../components/page.tsx';

export function AccountFrame({ title, text, children, foot }: { title: string; text?: string; children: ReactNode; foot?: ReactNode }): React.JSX.Element {
  useTitle(title);
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-[22rem] flex-col justify-center px-4 py-12">
      <div className="mb-8 flex items-center gap-2.5 text-base font-medium">
        <img src="/favicon.svg" alt="" width={26} height={26} className="rounded-md" />
        Sidelight
      </div>
      <h1 className="text-xl font-medium tracking-[-0.015em]">{title}</h1>
      {text !== undefined && <p className="mt-1 text-muted">{text}</p>}
      <div className="mt-6">{children}</div>
      {foot !== undefined && <p className="mt-6 text-muted">{foot}</p>}
    </main>
  );
}
