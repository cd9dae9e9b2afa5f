export { type Clock, systemClock, type Timer } from './clock.ts';
export { readJson, readJsonNow, removeDurable, writeDurable } from './durable.ts';
export { GantryError, isSystemError, messageOf, unreachable } from './errors.ts';
export { createLogger, LOG_LEVELS, type LogFields, type Logger, type LogLevel, silentLogger } from './logger.ts';
export { KeyedMutex } from './mutex.ts';
export { nodeHttp } from './node-http.ts';
export { type Random, randomUuid, randomWord, systemRandom } from './random.ts';
export { holdYoungHeap } from './young-heap.ts';
export type { LogLine, LogQuery, OutputName, ProcessStreams, TerminalSize } from './streams.ts';
