import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '#kit';
import type { YamlAnswer } from './yaml-reader.ts';
import { readYaml } from './yaml-text.ts';

// The entry of a worker thread that reads one text.

parentPort?.postMessage(answerFor(String(workerData)));

function answerFor(text: string): YamlAnswer {
  try {
    return { body: readYaml(text) };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
