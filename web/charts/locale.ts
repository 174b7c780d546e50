/**
 * uPlot asks for the browser's language while it loads, and throws when that is none (`en-US@posix`, of a browser started
 * under the C locale). This module is imported before it.
 */
const FALLBACK = 'en-US';

function soundLanguage(): string {
  try {
    return Intl.getCanonicalLocales(navigator.language)[0] ?? FALLBACK;
  } catch {
    Object.defineProperty(navigator, 'language', { value: FALLBACK });
    return FALLBACK;
  }
}

/** The language that charts are drawn for. */
export const LANGUAGE = soundLanguage();
