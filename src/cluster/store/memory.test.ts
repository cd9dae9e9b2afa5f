import { storeContract } from './contract.ts';
import { openMemoryStore } from './open.ts';

storeContract('memory', openMemoryStore, { openLimited: (historyLimit) => openMemoryStore({ historyLimit }) });
