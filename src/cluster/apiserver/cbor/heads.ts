/** Major types of RFC 8949, section 3.1. */
export const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, list: 4, map: 5, tag: 6, simple: 7 } as const;
/** Additional information (the low five bits of a head). */
export const INFO = { oneByte: 24, twoBytes: 25, fourBytes: 26, eightBytes: 27, indefinite: 31 } as const;
export const SIMPLE = { false: 20, true: 21, null: 22, float16: 25, float32: 26, float64: 27, break: 31 } as const;
/** Of tags: the value means itself ("self-described"); base64 is meant where bytes are to be text. */
export const TAG = { base64url: 21, base64: 22, base16: 23, bignum: 2, negativeBignum: 3, selfDescribed: 55799 } as const;
/** Tag 55799, by which a file or message of CBOR is known. */
export const SELF_DESCRIBED = Buffer.from([0xd9, 0xd9, 0xf7]);
