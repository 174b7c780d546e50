/** Sign in, and back to where the reader came from. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { signIn } from '../../api/account.ts';
import { TextLink } from '../../components/link.tsx';
import { useSearchText } from '../../components/location.ts';
import { paths, safeReturn } from '../../paths.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { AccountFrame } from './frame.tsx';
import { readForm } from './read-form.ts';

export function SignInPage(): React.JSX.Element {
  const router = useRouter();
  const client = useQueryClient();
  const next = useSearchText('next');
  const submit = useMutation({
    mutationFn: signIn,
    onSuccess: () => {
      client.clear();
      router.history.push(safeReturn(next));
    },
  });
  return (
    <AccountFrame title="Sign in" {...(next === undefined ? {} : { text: 'Sign in to go on where you were.' })} foot={<>No account yet? <TextLink to={paths.signUp()} className="text-ink">Sign up</TextLink>. <TextLink to={paths.forgot()} className="text-ink">Forgot the password?</TextLink></>}>
      <form className="space-y-4" onSubmit={(event) => {
        event.preventDefault();
        const { email, password } = readForm(event.currentTarget);
        submit.mutate({ email, password });
      }}>
        <Field label="E-mail" name="email" type="email" autoComplete="username" required autoFocus />
        <Field label="Password" name="password" type="password" autoComplete="current-password" required fault={submit.error?.message} />
        <Button type="submit" look="primary" className="h-9 w-full" disabled={submit.isPending}>{submit.isPending ? 'Signing in…' : 'Sign in'}</Button>
      </form>
    </AccountFrame>
  );
}
