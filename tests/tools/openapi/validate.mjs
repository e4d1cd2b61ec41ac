// node validate.mjs FILE: is it a valid OpenAPI 3.1 document? Prints {"valid", "version", "errors"}; the judge is a validator that is not ours.
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";

const validator = new Validator();
const result = await validator.validate(JSON.parse(readFileSync(process.argv[2], "utf8")));
const errors = typeof result.errors === "string" ? [result.errors] : (result.errors ?? []).slice(0, 10).map((e) => `${e.instancePath}: ${e.message}`);
console.log(JSON.stringify({ valid: result.valid, version: validator.version, errors }));
