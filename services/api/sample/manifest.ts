import type { DocumentAcl } from "@ai-platform/core/access/model.ts";

/** A document of the sample corpus and who may read it. */
export interface SampleDocument {
  /** Relative to this folder. */
  readonly file: string;
  readonly department: "hr" | "it" | "legal";
  readonly acl: DocumentAcl;
}

const everybody: DocumentAcl = { allow: ["tenant:all"], deny: [], level: 0 };
/** All staff, but no account below clearance 1, such as the trainee's. */
const staff: DocumentAcl = { allow: ["tenant:all"], deny: [], level: 1 };

/** Each kind of right once at least: everybody, a department, a group, a denial, a level, and nobody. */
export const sampleDocuments: readonly SampleDocument[] = [
  { file: "hr/conges.md", department: "hr", acl: everybody },
  { file: "hr/conges.ar.md", department: "hr", acl: everybody },
  { file: "hr/teletravail.md", department: "hr", acl: everybody },
  { file: "hr/livret-accueil.pdf", department: "hr", acl: everybody },
  { file: "hr/paie.md", department: "hr", acl: staff },
  { file: "hr/grille-salariale.md", department: "hr", acl: { allow: ["department:hr"], deny: [], level: 2 } },
  { file: "hr/plan-reorganisation.md", department: "hr", acl: { allow: [], deny: [], level: 3 } },
  { file: "it/vpn.md", department: "it", acl: everybody },
  { file: "it/vpn.ar.md", department: "it", acl: everybody },
  {
    file: "it/incident.md",
    department: "it",
    acl: { allow: ["department:it", "department:legal"], deny: [], level: 1 },
  },
  {
    file: "it/sauvegardes.md",
    department: "it",
    acl: { allow: ["department:it"], deny: ["group:demo:it-trainees"], level: 1 },
  },
  { file: "it/acces-secours.md", department: "it", acl: { allow: ["group:demo:it-admins"], deny: [], level: 2 } },
  { file: "legal/loi-65-99-contrat.md", department: "legal", acl: everybody },
  { file: "legal/loi-65-99-rupture.md", department: "legal", acl: everybody },
  { file: "legal/loi-65-99-temps.md", department: "legal", acl: everybody },
  { file: "legal/loi-65-99-salaire.md", department: "legal", acl: everybody },
  { file: "legal/loi-65-99.ar.md", department: "legal", acl: everybody },
  { file: "legal/note-contentieux.md", department: "legal", acl: { allow: ["department:legal"], deny: [], level: 2 } },
];
