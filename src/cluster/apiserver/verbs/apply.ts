import type { ApiRequest, ApiResponse } from '#cluster/api';
import type { Context } from '../context.ts';
import { unsupportedMediaType } from '../errors.ts';
import type { Served } from '../kinds.ts';

/** PATCH as server-side apply. */
export async function applyRequest(_context: Context, _served: Served, request: ApiRequest): Promise<ApiResponse> {
  throw unsupportedMediaType(request.contentType ?? '', []);
}
