/** The console's table: sortable heads whose order stands in the URL, rows that are links, numbers under each other. */
import { clsx } from 'clsx';
import type { ReactNode } from 'react';
import { useSearchText, useSetSearch } from './location.ts';
import { To } from './link.tsx';
import { readSort, sorted, toggled, writeSort, type Sort, type SortValue } from './sorting.ts';

export interface Column<Row> {
  readonly key: string;
  readonly head: string;
  /** Said in the head, so that the cells are bare numbers. */
  readonly unit?: string;
  readonly numeric?: boolean;
  readonly cell: (row: Row) => ReactNode;
  readonly sort?: (row: Row) => SortValue;
  /** Class for head and cells: mostly the width from which the column is shown. */
  readonly className?: string;
  readonly title?: string;
}

interface Props<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly rowKey: (row: Row) => string;
  readonly initialSort: Sort;
  /** Key of the order in the query string; a page with two tables names them apart. */
  readonly sortKey?: string;
  readonly href?: (row: Row) => string;
  readonly rowClass?: (row: Row) => string | undefined;
  readonly empty?: ReactNode;
}

export function DataTable<Row>({ label, rows, columns, rowKey, initialSort, sortKey = 'sort', href, rowClass, empty }: Props<Row>): React.JSX.Element {
  const sort = readSort(useSearchText(sortKey), initialSort);
  const setSearch = useSetSearch();
  const by = columns.find((column) => column.key === sort.key)?.sort;
  const ordered = by === undefined ? rows : sorted(rows, by, sort.descending);
  if (rows.length === 0 && empty !== undefined) return <>{empty}</>;
  return (
    <div className="-mx-4 overflow-x-auto px-4 sm:mx-0 sm:px-0">
      <table aria-label={label} className="w-full border-collapse text-sm">
        <thead>
          <tr className="border-b border-line-strong">
            {columns.map((column) => (
              <Head key={column.key} column={column} sort={sort} onSort={() => setSearch({ [sortKey]: writeSort(toggled(sort, column.key, column.numeric === true)) }, true)} />
            ))}
          </tr>
        </thead>
        <tbody>
          {ordered.map((row) => (
            <tr key={rowKey(row)} className={clsx('relative h-8 border-b border-line last:border-b-0', href !== undefined && 'transition-colors duration-100 hover:bg-raised has-[a:focus-visible]:bg-raised', rowClass?.(row))}>
              {columns.map((column, at) => (
                <td key={column.key} className={clsx('px-1.5 py-1 whitespace-nowrap sm:px-2 first:pl-0 last:pr-0 sm:first:pl-2 sm:last:pr-2', column.numeric === true && 'text-right tabular-nums', column.className)}>
                  {at === 0 && href !== undefined ? <To to={href(row)} className="after:absolute after:inset-0 after:content-['']">{column.cell(row)}</To> : column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head<Row>({ column, sort, onSort }: { column: Column<Row>; sort: Sort; onSort: () => void }): React.JSX.Element {
  const active = sort.key === column.key && column.sort !== undefined;
  const text = <>{column.head}{column.unit !== undefined && <span className="ml-1 font-normal text-faint">{column.unit}</span>}</>;
  return (
    <th
      scope="col"
      title={column.title}
      aria-sort={active ? (sort.descending ? 'descending' : 'ascending') : undefined}
      className={clsx('h-8 px-1.5 text-xs sm:px-2 font-medium whitespace-nowrap text-muted first:pl-0 last:pr-0 sm:first:pl-2 sm:last:pr-2', column.numeric === true ? 'text-right' : 'text-left', column.className)}
    >
      {column.sort === undefined ? text : (
        <button type="button" onClick={onSort} className={clsx('group inline-flex items-center gap-0.5 rounded hover:text-ink', active && 'text-ink')}>
          {column.numeric === true && <Arrow active={active} descending={sort.descending} />}
          <span>{text}</span>
          {column.numeric !== true && <Arrow active={active} descending={sort.descending} />}
        </button>
      )}
    </th>
  );
}

function Arrow({ active, descending }: { active: boolean; descending: boolean }): React.JSX.Element {
  return <span aria-hidden className={clsx('w-2.5 text-2xs', active ? 'opacity-100' : 'opacity-0 group-hover:opacity-40')}>{active && !descending ? '↑' : '↓'}</span>;
}
