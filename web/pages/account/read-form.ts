/** The texts of an account form. */
export function readForm(form: HTMLFormElement): { name: string; email: string; password: string } {
  const data = new FormData(form);
  const text = (key: string): string => {
    const value = data.get(key);
    return typeof value === 'string' ? value : '';
  };
  return { name: text('name').trim(), email: text('email').trim(), password: text('password') };
}
