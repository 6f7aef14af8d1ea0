import { Problem } from "@ai-platform/core/errors.ts";
import type { App } from "../deps.ts";

/** Reads `application/x-www-form-urlencoded` bodies; a name given twice is refused (RFC 6749 section 3.2). */
export function acceptForms(app: App): void {
  app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_request, body, done) => {
    const form = new URLSearchParams(body.toString());
    const twice = [...form.keys()].find((name) => form.getAll(name).length > 1);
    if (twice === undefined) {
      done(null, Object.fromEntries(form));
      return;
    }
    const errors = [{ field: `/${twice}`, message: "is given more than once" }];
    done(new Problem("invalid-request", `The form gives ${twice} more than once.`, { errors }));
  });
}
