/** A reason not to start that the operator can mend. */
export class StartFault extends Error {
  readonly code: 'admin_unavailable' | 'admin_port_in_use' | 'state_unwritable';

  constructor(code: StartFault['code'], message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
