/** One incident: why, since when, what happened. */
import { incidentColumns, toIncident } from '../../alerts/incident.ts';
import type { Incident, IncidentRow } from '../../alerts/incident.ts';
import { ApiError } from '../../context.ts';
import type { OrgContext } from '../../context.ts';

export async function getIncident(context: OrgContext, input: { readonly id: string }): Promise<Incident> {
  const [row] = await context.tenant.transaction((tx) => tx<IncidentRow[]>`
    select ${incidentColumns(tx)} from tenant.incident i where i.org_id = ${context.tenant.orgId} and i.id = ${input.id}`);
  if (row === undefined) throw new ApiError('not_found', `There is no incident ${input.id} in this organization.`);
  return toIncident(row);
}
