export type { SpdyHeaders } from './headers.ts';
export { SpdySession } from './session.ts';
