/** Incidents, the newest first. */
import { incidentColumns, toIncident } from '../../alerts/incident.ts';
import type { Incident, IncidentRow } from '../../alerts/incident.ts';
import type { OrgContext } from '../../context.ts';

export interface ListIncidents {
  readonly state?: 'open' | 'resolved' | undefined;
  readonly clusterId?: string | undefined;
  readonly limit: number;
}

export async function listIncidents(context: OrgContext, input: ListIncidents): Promise<Incident[]> {
  const state = input.state ?? null;
  const clusterId = input.clusterId ?? null;
  const rows = await context.tenant.transaction((tx) => tx<IncidentRow[]>`
    select ${incidentColumns(tx)} from tenant.incident i
    where i.org_id = ${context.tenant.orgId} and (${clusterId}::text is null or i.cluster_id = ${clusterId})
      and (${state}::text is null or (i.resolved_at is null) = (${state}::text = 'open'))
    order by i.opened_at desc, i.id limit ${input.limit}`);
  return rows.map(toIncident);
}
