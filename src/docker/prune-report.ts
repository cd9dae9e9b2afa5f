import { messageOf } from '#kit';
import type { Call } from './http.ts';

/** A prune's answer: one report at the end, or (API 1.56, `stream`) a line for each thing as it goes and the report as the last one's `aux`. */
export class PruneReport {
  readonly #call: Call;
  readonly #streams: boolean;

  constructor(call: Call) {
    this.#call = call;
    this.#streams = call.minor >= 56 && call.flag('stream');
  }

  /** Runs the prune; an error after the first line is a line. */
  static async of(call: Call, prune: (report: PruneReport) => Promise<object>): Promise<void> {
    const report = new PruneReport(call);
    try {
      const whole = await prune(report);
      if (!report.#streams) return call.json(200, whole);
      await report.#line({ aux: whole });
    } catch (error) {
      if (!call.response.headersSent) throw error;
      await report.#line({ errorDetail: { message: messageOf(error) } });
    }
    call.response.end();
  }

  async gone(id: string, status: 'deleted' | 'untagged' = 'deleted'): Promise<void> {
    if (this.#streams) await this.#line({ id, status });
  }

  async #line(line: object): Promise<void> {
    if (!this.#call.response.headersSent) this.#call.begin('application/jsonl');
    await this.#call.write(`${JSON.stringify(line)}\n`);
  }
}
