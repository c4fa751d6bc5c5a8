/** The style of the page about the API. */
export const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 0 auto; padding: 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; padding: 0.5rem; border: 1px solid #8886; border-radius: 0.25rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1.5rem; padding: 0; list-style: none; }
details { border: 1px solid #8886; border-radius: 0.25rem; margin: 0.25rem 0; padding: 0.25rem 0.75rem; }
summary { cursor: pointer; }
summary b { display: inline-block; min-width: 4.5rem; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.15rem 0.75rem 0.15rem 0; }
th { white-space: nowrap; font-weight: 600; }
tr + tr > * { border-top: 1px solid #8884; }
details h3 { font-size: 1rem; }
summary h3 { display: inline; }
@media (max-width: 45rem) {
  tbody, tr, th, td { display: block; padding-right: 0; }
  th { white-space: normal; overflow-wrap: anywhere; }
}
:target { outline: 2px solid Highlight; outline-offset: 0.25rem; }
`;
