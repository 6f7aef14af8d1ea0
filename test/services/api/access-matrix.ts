import { webFiles } from "@ai-platform/api/web/web-routes.ts";

/** Kinds of caller whose credential is good. Editors hold that role in one department, the others in all. */
export const verifiedKinds = [
  "employee",
  "editor",
  "editor elsewhere",
  "admin",
  "finance",
  "auditor",
  "service key",
] as const;
export type VerifiedKind = (typeof verifiedKinds)[number];

export interface AccessRow {
  /** Who gets past the guard: everybody, every verified caller, a machine with a key of its own, or these. */
  readonly for: "public" | "anyone" | "own key" | readonly VerifiedKind[];
  /** A request that acts on the department `hr`, where the right depends on it. */
  readonly request?: () => { readonly body?: string | object; readonly headers?: Record<string, string> };
  /** Values of path parameters. @default a random id */
  readonly params?: Readonly<Record<string, string>>;
}

const people = ["employee", "editor", "editor elsewhere", "admin", "finance", "auditor"] as const;
const askers = [...people, "service key"] as const;
const writers = ["editor", "editor elsewhere", "service key"] as const;

/** A document for the department `hr`, as a form. */
function uploadForHr() {
  const fields = { department: "hr", level: "1", allow: "department:hr" };
  const parts = Object.entries(fields).map(([name, value]) => `name="${name}"\r\n\r\n${value}`);
  const file = 'name="file"; filename="note.txt"\r\nContent-Type: text/plain\r\n\r\nA note.';
  const body = [...parts, file].map((part) => `--edge\r\nContent-Disposition: form-data; ${part}\r\n`).join("");
  return { body: `${body}--edge--\r\n`, headers: { "content-type": "multipart/form-data; boundary=edge" } };
}

/** Whom each route is for, written down beside the code and not derived from it. */
export const accessMatrix: Readonly<Record<string, AccessRow>> = {
  "GET /health": { for: "public" },
  "GET /ready": { for: "public" },
  "GET /metrics": { for: "public" },
  "GET /openapi.json": { for: "public" },
  "POST /oauth/token": { for: "public" },
  "POST /oauth/revoke": { for: "public" },
  "GET /.well-known/jwks.json": { for: "public" },
  "GET /me": { for: "anyone" },
  "POST /me/password": { for: "anyone" },
  "GET /departments": { for: "anyone" },
  "GET /keys": { for: people },
  "POST /keys": { for: people },
  "DELETE /keys/:id": { for: people },
  "POST /keys/:id/rotate": { for: people },
  "GET /clients": { for: ["admin"] },
  "POST /clients": { for: ["admin"] },
  "DELETE /clients/:id": { for: ["admin"] },
  "GET /users": { for: ["admin"] },
  "POST /users": { for: ["admin"] },
  "PATCH /users/:id": { for: ["admin"] },
  "POST /departments": { for: ["admin"] },
  "GET /usage": { for: people },
  "GET /usage/report": { for: ["admin", "finance"] },
  "GET /audit": { for: ["auditor"] },
  "GET /audit/verification": { for: ["auditor"] },
  "GET /agents": { for: askers },
  "POST /agent/hr": { for: askers },
  "POST /agent/it": { for: askers },
  "POST /agent/legal": { for: askers },
  "GET /documents": { for: askers },
  "GET /documents/:id": { for: askers },
  "GET /documents/jobs/:id": { for: writers },
  "POST /documents": { for: ["editor", "service key"], request: uploadForHr },
  "PUT /documents/:id/acl": {
    for: ["editor", "editor elsewhere"],
    request: () => ({ body: { allow: [], deny: [], level: 0 } }),
  },
  "DELETE /documents/:id": { for: writers },
  "GET /": { for: "public" },
  ...Object.fromEntries(webFiles.map((file) => [`GET /assets/${file}`, { for: "public" } as const])),
  "GET /internal/authorize": { for: askers },
  "POST /internal/usage": { for: "own key" },
  "GET /limits": { for: ["admin", "finance"] },
  "PUT /limits/:scope/:subject": { for: ["admin"], params: { scope: "department", subject: "hr" } },
  "GET /departments/:department/model-policy": { for: ["admin", "finance"] },
  "PUT /departments/:department/model-policy": { for: ["admin"] },
};
