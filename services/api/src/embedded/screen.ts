import { demoUsers, type DemoPassword } from "./demo.ts";

/** What the start screen tells: what runs, with what, and how to get more. */
export interface ScreenFacts {
  readonly version: string;
  /** Such as `http://127.0.0.1:8888`. */
  readonly address: string;
  readonly dataDir: string;
  readonly database: string;
  /** Documents that can be asked about, in all. */
  readonly documents: number;
  /** Embedding model, or `undefined` where search is by words alone. */
  readonly embedder: string | undefined;
  /** Model server, or `undefined` where answers are extractive. */
  readonly model: string | undefined;
  /** Passwords made at this start; empty where the users exist. */
  readonly passwords: readonly DemoPassword[];
  /** From the command to here. */
  readonly seconds: number;
}

/** The one screen that `npm start` prints. */
export function renderScreen(facts: ScreenFacts): string {
  const search = facts.embedder
    ? `hybrid: words and meaning (${facts.embedder})`
    : "lexical (French, Arabic, English); for hybrid search set EMBEDDINGS_BASE_URL";
  const model =
    facts.model ??
    "none: extractive answers, in the words of the documents.\n" +
      "             Start Ollama, llama.cpp, vLLM or LM Studio here, or set OPENAI_BASE_URL";
  return `
  AI platform ${facts.version}, ready in ${facts.seconds.toFixed(1)} s

  Page       ${facts.address}
  API        ${facts.address}/docs
  Data       ${facts.dataDir} (log: platform.log)
  Database   ${facts.database}
  Documents  ${facts.documents}
  Search     ${search}
  Model      ${model}

${renderUsers(facts.passwords)}
  Ctrl-C stops; everything is kept.
`;
}

function renderUsers(passwords: readonly DemoPassword[]): string {
  if (passwords.length === 0) {
    const names = demoUsers.map(({ username }) => username).join(", ");
    return `  Users exist (${names}); for a new password: npm run user:password -- <name>\n`;
  }
  const rows = passwords.map(
    ({ user, password }) => `    ${user.username.padEnd(9)}${password.padEnd(21)}${user.displayName}`,
  );
  return ["  Demo users; the passwords are shown this once:", ...rows, ""].join("\n");
}
