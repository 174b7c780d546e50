/** The sentence builder: a rule as one sentence with holes, and a picture of what it would have done. */
import { useQuery } from '@tanstack/react-query';
import { zodResolver } from '@hookform/resolvers/zod';
import { useForm, useWatch, type UseFormReturn } from 'react-hook-form';
import { RuleInput } from '../../../cloud/wire/entities.ts';
import { apiQuery } from '../../api/queries.ts';
import { TextLink } from '../../components/link.tsx';
import { useSlug } from '../../components/location.ts';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { paths } from '../../paths.ts';
import { Button } from '../../ui/button.tsx';
import { Choice, Field, inputClass } from '../../ui/field.tsx';
import { RulePreview } from './rule-preview.tsx';
import { ScopePicker } from './scope-picker.tsx';

interface Props {
  readonly initial: RuleInput;
  readonly submitLabel: string;
  readonly pending: boolean;
  readonly saved?: boolean;
  readonly error: Error | null;
  readonly onSubmit: (rule: RuleInput) => void;
}

type Form = UseFormReturn<RuleInput>;

const WINDOW_CHOICES = [[60, '1 minute'], [300, '5 minutes'], [600, '10 minutes'], [1800, '30 minutes'], [3600, '1 hour'], [21_600, '6 hours'], [86_400, '24 hours']] as const;

export function RuleForm({ initial, submitLabel, pending, saved = false, error, onSubmit }: Props): React.JSX.Element {
  const form = useForm<RuleInput>({ defaultValues: initial, resolver: zodResolver(RuleInput), mode: 'onTouched' });
  const faults = form.formState.errors;
  const draft = useWatch({ control: form.control }) as RuleInput;
  return (
    <form className="max-w-4xl space-y-7" onSubmit={(event) => void form.handleSubmit(onSubmit)(event)} noValidate>
      <SentenceBuilder form={form} />
      <FaultList faults={[faults.threshold?.message, faults.windowSeconds?.message, faults.minRequests?.message, faults.scope?.message]} />
      <RulePreview rule={draft} />
      <div className="grid gap-6 sm:grid-cols-2">
        <Field label="Name" hint="Stands in the incident and in what is sent." fault={faults.name === undefined ? undefined : 'A rule needs a name of at most 120 characters.'} placeholder="Payments succeed" {...form.register('name')} />
        <div className="flex flex-col gap-1">
          <label htmlFor="rule-severity" className="font-medium">Severity</label>
          <Choice id="rule-severity" className="h-9" {...form.register('severity')}>
            <option value="critical">critical: wakes someone</option>
            <option value="warning">warning: someone looks today</option>
            <option value="info">info: good to know</option>
          </Choice>
          <p className="text-xs text-faint">Sent along, so that the receiver can decide.</p>
        </div>
      </div>
      {error !== null && <ProblemNotice error={error} />}
      <div className="flex items-center gap-4">
        <Button type="submit" look="primary" disabled={pending}>{pending ? 'Saving…' : submitLabel}</Button>
        <label className="flex items-center gap-2 text-muted"><input type="checkbox" className="size-4 accent-(--ink)" {...form.register('enabled')} />Evaluate this rule</label>
        <span role="status" className="text-xs text-faint">{saved && !form.formState.isDirty ? 'Saved.' : ''}</span>
      </div>
    </form>
  );
}

function SentenceBuilder({ form }: { form: Form }): React.JSX.Element {
  const threshold = useWatch({ control: form.control, name: 'threshold' });
  const hole = `${inputClass} mx-0.5 text-base font-medium`;
  return (
    <div className="text-lg leading-11" role="group" aria-label="The rule">
      Tell <ChannelPicker form={form} /> when success of <ScopePicker form={form} /> is below{' '}
      <PercentInput value={threshold} onChange={(value) => form.setValue('threshold', value, { shouldDirty: true, shouldValidate: true })} className={`${hole} w-19 text-right`} /> % over{' '}
      <Choice aria-label="Window" className={hole} {...form.register('windowSeconds', { valueAsNumber: true })}>
        {WINDOW_CHOICES.map(([seconds, text]) => <option key={seconds} value={seconds}>{text}</option>)}
      </Choice>{' '}
      with at least <input aria-label="Least requests" type="number" min={1} className={`${hole} w-22 text-right`} {...form.register('minRequests', { valueAsNumber: true })} /> requests.
    </div>
  );
}

/** Percent on the screen, a share in the rule; rounded to a hundred-thousandth so that 99.9 stays 0.999. */
function PercentInput({ value, onChange, className }: { value: number; onChange: (value: number) => void; className: string }): React.JSX.Element {
  return <input aria-label="Threshold in percent" type="number" min={0.01} max={100} step="any" defaultValue={Number((value * 100).toFixed(4))} onChange={(event) => onChange(Math.round(event.target.valueAsNumber * 1e4) / 1e6)} className={className} />;
}

function ChannelPicker({ form }: { form: Form }): React.JSX.Element {
  const slug = useSlug();
  const channels = useQuery(apiQuery('listChannels', { params: { slug } }));
  const chosen = useWatch({ control: form.control, name: 'channelIds' });
  const list = channels.data?.channels ?? [];
  const toggle = (id: string): void => form.setValue('channelIds', chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id], { shouldDirty: true });
  if (list.length === 0) return <span className="text-muted">nobody yet (<TextLink to={paths.channels(slug)}>add a channel</TextLink>)</span>;
  return (
    <span role="group" aria-label="Channels" className="inline-flex flex-wrap gap-1 align-middle">
      {list.map((channel) => (
        <button key={channel.id} type="button" aria-pressed={chosen.includes(channel.id)} onClick={() => toggle(channel.id)} className="h-8 rounded-md border border-dashed border-line-strong px-2.5 text-base text-faint transition-colors duration-150 hover:text-ink aria-pressed:border-solid aria-pressed:bg-surface aria-pressed:font-medium aria-pressed:text-ink">
          {channel.name}
        </button>
      ))}
    </span>
  );
}

function FaultList({ faults }: { faults: readonly (string | undefined)[] }): React.JSX.Element | null {
  const said = faults.filter((fault) => fault !== undefined && fault !== '');
  return said.length === 0 ? null : <ul role="alert" className="text-failing">{said.map((fault) => <li key={fault}>{fault}</li>)}</ul>;
}
