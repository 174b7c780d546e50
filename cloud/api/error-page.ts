/** /docs/errors/<code>: what happened, whose fault it is, and what to do; in the console's look, for light and dark. */
import { BLAME_TEXT, CODE_SECTIONS } from './code-sections.ts';
import type { CodeSection } from './code-sections.ts';

/** The page of a code, or null for an unknown one. */
export function errorPage(code: string): string | null {
  const sections = CODE_SECTIONS.get(code);
  if (!sections) return null;
  return page(code, `<p class="up"><a href="/docs/errors">All codes</a></p><h1><code>${escape(code)}</code></h1>${sections.map(sectionText).join('')}`);
}

/** All codes; `unknown` is one that was asked for and isn't there. */
export function errorIndex(unknown?: string): string {
  const note = unknown === undefined ? '' : `<p class="note">There is no code <code>${escape(unknown.slice(0, 80))}</code> in this version.</p>`;
  const rows = [...CODE_SECTIONS].map(([code, sections]) => {
    const where = sections.map((section) => (section.status === null ? section.where.split(',')[0] : `${section.where} ${section.status}`)).join(', ');
    return `<tr><td><a href="/docs/errors/${encodeURIComponent(code)}"><code>${escape(code)}</code></a></td><td>${escape(sections[0]?.title ?? '')}</td><td class="quiet">${escape(where)}</td></tr>`;
  });
  return page('Error codes', `<h1>Error codes</h1>${note}<p class="quiet">${CODE_SECTIONS.size} codes. A code is never renamed or reused.</p><table><thead><tr><th>Code</th><th>Meaning</th><th>Where</th></tr></thead><tbody>${rows.join('')}</tbody></table>`);
}

function sectionText({ where, status, title, blame, happened, remedy }: CodeSection): string {
  const place = status === null ? where : `${where}, HTTP status ${status}`;
  const facts = [['What happened', happened], ['Whose fault', BLAME_TEXT[blame]], ['What to do', remedy]] as const;
  return `<section><h2>${escape(title)}</h2><p class="quiet">${escape(place)}</p><dl>${facts.map(([name, text]) => `<dt>${name}</dt><dd>${escape(text)}</dd>`).join('')}</dl></section>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** The console's palette and type; it has no script and loads nothing. */
const STYLE = `
:root { color-scheme: light dark; --ground: light-dark(#fbfbfa, #0c0e0f); --line: light-dark(#e6e6e2, #24292c); --ink: light-dark(#16181a, #eceeee); --muted: light-dark(#50565b, #a9b1b5); --focus: light-dark(#1f5fc4, #84b4ff); --raised: light-dark(#f3f3f1, #1a1e20); }
html { background: var(--ground); color: var(--ink); font: 14px/22px 'Inter Variable', ui-sans-serif, system-ui, sans-serif; }
body { max-width: 48rem; margin: 0 auto; padding: 40px 20px 64px; }
h1 { font-size: 22px; line-height: 30px; font-weight: 600; margin: 8px 0 16px; }
h2 { font-size: 17px; line-height: 26px; font-weight: 600; margin: 0; }
code { font-family: ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', monospace; font-size: .94em; overflow-wrap: anywhere; }
section { border-top: 1px solid var(--line); padding: 20px 0 12px; }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: 8px 20px; margin: 16px 0 0; }
dt { color: var(--muted); }
dd { margin: 0; }
table { width: 100%; border-collapse: collapse; font-size: 13px; line-height: 20px; }
th { text-align: left; font-weight: 500; color: var(--muted); }
th, td { padding: 5px 16px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
a { color: var(--focus); text-underline-offset: 3px; }
a:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
.quiet { color: var(--muted); margin: 2px 0 0; }
.up { margin: 0; font-size: 13px; }
.note { background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: 8px 12px; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 2px; } dd { margin-bottom: 12px; } td:last-child, th:last-child { display: none; } }
`;

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(title)} · Sidelight</title><style>${STYLE}</style></head><body><main>${body}</main></body></html>`;
}
