/** Asks for a mail by which a new password is chosen. The answer is the same whether there is such an account. */
import { useMutation } from '@tanstack/react-query';
import { requestReset } from '../../api/account.ts';
import { TextLink } from '../../components/link.tsx';
import { paths } from '../../paths.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { AccountFrame } from './frame.tsx';
import { readForm } from './read-form.ts';

export function ForgotPage(): React.JSX.Element {
  const submit = useMutation({ mutationFn: requestReset });
  return (
    <AccountFrame title="A new password" text="We send you a link by which you choose one." foot={<TextLink to={paths.signIn()} className="text-ink">Back to signing in</TextLink>}>
      {submit.isSuccess ? <p role="status">If there is an account with this address, a mail is on its way. The link in it works for one hour.</p> : (
        <form className="space-y-4" onSubmit={(event) => {
          event.preventDefault();
          submit.mutate({ email: readForm(event.currentTarget).email });
        }}>
          <Field label="E-mail" name="email" type="email" autoComplete="username" required autoFocus fault={submit.error?.message} />
          <Button type="submit" look="primary" className="h-9 w-full" disabled={submit.isPending}>Send the link</Button>
        </form>
      )}
    </AccountFrame>
  );
}
