/** Chooses a new password by the link of a mail; every session is signed out. */
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { resetPassword } from '../../api/account.ts';
import { TextLink } from '../../components/link.tsx';
import { useSearchText } from '../../components/location.ts';
import { paths } from '../../paths.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { AccountFrame } from './frame.tsx';
import { readForm } from './read-form.ts';

const PASSWORD_MIN = 8;

export function ResetPage(): React.JSX.Element {
  const navigate = useNavigate();
  const token = useSearchText('token') ?? '';
  const submit = useMutation({ mutationFn: resetPassword, onSuccess: () => navigate({ to: paths.signIn() as '/' }) });
  return (
    <AccountFrame title="Choose a new password" foot={<TextLink to={paths.forgot()} className="text-ink">Ask for a new link</TextLink>}>
      <form className="space-y-4" onSubmit={(event) => {
        event.preventDefault();
        submit.mutate({ token, newPassword: readForm(event.currentTarget).password });
      }}>
        <Field label="New password" name="password" type="password" autoComplete="new-password" required autoFocus minLength={PASSWORD_MIN} hint={`At least ${PASSWORD_MIN} characters.`} fault={submit.error?.message} />
        <Button type="submit" look="primary" className="h-9 w-full" disabled={submit.isPending || token === ''}>Set the password</Button>
      </form>
    </AccountFrame>
  );
}
