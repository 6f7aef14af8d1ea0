import { PDFDocument, StandardFonts } from "pdf-lib";
import { type EdgeClient, until } from "./client.ts";

/** Headers that carry a credential. */
export type Credential = Readonly<Record<string, string>>;

/** People and a document, made through the API as an administrator and an employee would. */
export interface World {
  /** Of the department `hr`; may read and hand in its documents. */
  readonly nadia: Credential;
  /** Of the department `sales`. */
  readonly omar: Credential;
  readonly documentId: string;
}

interface Job {
  readonly status: string;
  readonly problem: unknown;
}

/** The part of an agent's answer the test looks at. */
export interface Answer {
  readonly answer: string;
  readonly refused: boolean;
  readonly degraded?: string;
  readonly usage: { readonly cost: number };
  readonly citations: readonly { readonly documentId: string; readonly page: number | null; readonly quote: string }[];
}

export const question = "Combien de jours de conge parental sont accordes aux salaries ?";
/** What only the document says. */
export const fact = "quarante-trois jours";

async function parentalLeavePdf(): Promise<File> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  const page = pdf.addPage([595, 842]);
  const lines = [
    `Le conge parental est de ${fact} ouvrables pour tous les salaries.`,
    "La demande de conge parental se fait par ecrit au service des ressources humaines.",
  ];
  page.drawText("Conge parental", { x: 50, y: 790, size: 18, font });
  for (const [at, line] of lines.entries()) page.drawText(line, { x: 50, y: 750 - at * 20, size: 11, font });
  return new File([new Uint8Array(await pdf.save())], "conge-parental.pdf");
}

export async function createWorld(edge: EdgeClient, adminPassword: string): Promise<World> {
  const admin = await edge.signIn("admin", adminPassword);
  for (const code of ["hr", "sales"]) {
    await edge.expect(201, "/departments", { headers: admin, body: { code, name: code } });
  }
  const password = "correct horse battery staple";
  const addPerson = async (username: string, department: string, roles: readonly string[]) => {
    const held = roles.map((role) => ({ role, department }));
    const body = { username, displayName: username, department, password, clearance: 1, roles: held };
    await edge.expect(201, "/users", { headers: admin, body });
    return edge.signIn(username, password);
  };
  const nadia = await addPerson("nadia", "hr", ["employee", "editor"]);
  const omar = await addPerson("omar", "sales", ["employee"]);

  const form = new FormData();
  form.set("department", "hr");
  form.set("allow", "department:hr");
  form.set("level", "1");
  form.set("file", await parentalLeavePdf());
  const handedIn = await edge.expect<{ jobId: string; documentId: string }>(202, "/documents", {
    headers: nadia,
    body: form,
  });
  const ask = () => edge.expect<Job>(200, `/documents/jobs/${handedIn.jobId}`, { headers: nadia });
  const job = await until(ask, ({ status }) => !["queued", "running"].includes(status), 120);
  if (job.status !== "done") throw new Error(`the document was not taken in: ${JSON.stringify(job)}`);
  return { nadia, omar, documentId: handedIn.documentId };
}

export function askAgent(edge: EdgeClient, headers: Credential): Promise<Answer> {
  return edge.expect<Answer>(200, "/agent/hr", { headers, body: { question, language: "fr" } });
}
