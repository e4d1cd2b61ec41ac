/* What a part of the dictionary is: key -> [Chinese, English]; a key without both does not pass the type check. {name} is replaced
 * by the argument of that name, {n|opinion is|opinions are} by the first word for 1 and the second for every other n. Terms follow the official vocabulary (medical partnership = 医联体 ...). */
export type Sentences = Record<string, readonly [string, string]>;

type KeysOf<Part> = Part extends unknown ? keyof Part : never;
/* All keys of a list of parts. */
export type KeyIn<Parts extends readonly unknown[]> = KeysOf<Parts[number]>;
/* The keys that stand in more than one of them. */
export type Twice<Parts extends readonly unknown[]> = Parts extends readonly [infer First, ...infer Others]
  ? Extract<keyof First, KeysOf<Others[number]>> | Twice<Others>
  : never;
export type None<Keys extends never> = Keys;
