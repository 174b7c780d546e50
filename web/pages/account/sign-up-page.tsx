/** Sign up: a name, an address, a password; then the organization. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { signUp } from '../../api/account.ts';
import { TextLink } from '../../components/link.tsx';
import { paths } from '../../paths.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { AccountFrame } from './frame.tsx';
import { readForm } from './read-form.ts';

const PASSWORD_MIN = 8;

export function SignUpPage(): React.JSX.Element {
  const navigate = useNavigate();
  const client = useQueryClient();
  const submit = useMutation({
    mutationFn: signUp,
    onSuccess: async (outcome) => {
      if (outcome === 'confirm') return;
      client.clear();
      await navigate({ to: paths.newOrg() as '/' });
    },
  });
  if (submit.data === 'confirm') {
    return <AccountFrame title="Confirm your address" foot={<TextLink to={paths.signIn()} className="text-ink">Sign in</TextLink>}><p role="status">We have sent you a mail. The link in it confirms your address and signs you in; it works for one hour.</p></AccountFrame>;
  }
  return (
    <AccountFrame title="Create your account" foot={<>Have one already? <TextLink to={paths.signIn()} className="text-ink">Sign in</TextLink></>}>
      <form className="space-y-4" onSubmit={(event) => {
        event.preventDefault();
        submit.mutate(readForm(event.currentTarget));
      }}>
        <Field label="Your name" name="name" autoComplete="name" required autoFocus />
        <Field label="E-mail" name="email" type="email" autoComplete="username" required />
        <Field label="Password" name="password" type="password" autoComplete="new-password" required minLength={PASSWORD_MIN} hint={`At least ${PASSWORD_MIN} characters.`} fault={submit.error?.message} />
        <Button type="submit" look="primary" className="h-9 w-full" disabled={submit.isPending}>{submit.isPending ? 'Creating…' : 'Create the account'}</Button>
      </form>
    </AccountFrame>
  );
}
