/** An invitation, as the invited person opens it from the mail. */
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { apiQuery, useApiMutation } from '../../api/queries.ts';
import { TextLink } from '../../components/link.tsx';
import { useId } from '../../components/location.ts';
import { Loaded } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { paths } from '../../paths.ts';
import { Button } from '../../ui/button.tsx';
import { AccountFrame } from './frame.tsx';

export function InvitationPage(): React.JSX.Element {
  const id = useId();
  const navigate = useNavigate();
  const me = useQuery(apiQuery('getMe', {}));
  const invitation = useQuery(apiQuery('getInvitation', { params: { id } }));
  const accept = useApiMutation('acceptInvitation', ['getMe']);
  return (
    <AccountFrame title="An invitation" foot={me.data?.user != null && <>You are signed in as {me.data.user.email}. <TextLink to={paths.home()} className="text-ink">To the console</TextLink></>}>
      <Loaded query={invitation} height={80}>
        {({ org, role, invitedBy }) => (
          <div className="space-y-4">
            <p>{invitedBy} invites you to <span className="font-medium">{org.name}</span>, as {role}.</p>
            {accept.error !== null && <ProblemNotice error={accept.error} />}
            <Button look="primary" className="h-9 w-full" disabled={accept.isPending} onClick={() => accept.mutate({ params: { id } }, { onSuccess: (joined) => void navigate({ to: paths.fleet(joined.slug) as '/' }) })}>Join {org.name}</Button>
          </div>
        )}
      </Loaded>
    </AccountFrame>
  );
}
