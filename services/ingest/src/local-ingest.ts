import type { RequestListener } from "node:http";
import { json } from "node:stream/consumers";
import { callDataFolder } from "@ai-platform/core/db/data-folder.ts";
import type { Db } from "@ai-platform/core/db/database.ts";
import { getJob, submitDocument, type Job, type Submission, type Submitted } from "./jobs.ts";
import { problemOf } from "./queue.ts";

/** Handing in documents, wherever the queue is. */
export interface IngestQueue {
  submit(submission: Omit<Submission, "tenant">): Promise<Submitted>;
  job(id: string): Promise<Job>;
}

export function directQueue(db: Db, tenant: string): IngestQueue {
  return {
    submit: (submission) => submitDocument(db, { ...submission, tenant }),
    job: (id) => getJob(db, tenant, id),
  };
}

/** A submission as it travels: bytes in base64. */
type SubmissionMessage = Omit<Submission, "tenant" | "bytes"> & { readonly bytes: string };

/** Answers {@link connectLocalQueue} of the same user's processes, for the tenant of the embedded platform. */
export function answerIngestCalls(db: Db, tenant: string): RequestListener {
  const queue = directQueue(db, tenant);
  return (request, response) => {
    const answer = async (): Promise<unknown> => {
      if (request.method === "POST") {
        const { bytes, ...submission } = (await json(request)) as SubmissionMessage;
        return queue.submit({ ...submission, bytes: new Uint8Array(Buffer.from(bytes, "base64")) });
      }
      return request.url === "/" ? {} : queue.job(request.url?.split("/").at(-1) ?? "");
    };
    answer().then(
      (body) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body)),
      (error: unknown) => {
        const problem = problemOf(error);
        response.writeHead(problem.status, { "content-type": "application/problem+json" }).end(JSON.stringify(problem));
      },
    );
  };
}

/** The queue of the platform that runs on a data folder; `undefined` where none runs. */
export async function connectLocalQueue(folder: string): Promise<IngestQueue | undefined> {
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await callDataFolder(folder, method, path, body);
    if (answer === undefined) throw new Error(`the platform on ${folder} has stopped`);
    return answer;
  };
  if ((await callDataFolder(folder, "GET", "/")) === undefined) return undefined;
  return {
    async submit({ bytes, ...submission }) {
      const message: SubmissionMessage = { ...submission, bytes: Buffer.from(bytes ?? []).toString("base64") };
      return (await call("POST", "/documents", message)) as Submitted;
    },
    async job(id) {
      const job = (await call("GET", `/jobs/${id}`)) as Job;
      return { ...job, createdAt: new Date(job.createdAt), updatedAt: new Date(job.updatedAt) };
    },
  };
}
