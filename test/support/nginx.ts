import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Makes `tls.crt` and `tls.key` in the folder, for one day. */
export function makeCertificate(openssl: string, folder: string, name: string): void {
  const subject = ["-subj", `/CN=${name}`, "-keyout", join(folder, "tls.key"), "-out", join(folder, "tls.crt")];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  execFileSync(openssl, ["req", "-x509", ...key, ...subject], { stdio: "ignore" });
}

/** Writes a file for nginx. The image keeps temporary files in `/tmp` and logs to its console; a test has its folder for both. */
export function writeNginxFile(folder: string, name: string, content: string): string {
  const file = join(folder, name);
  const own = content.replaceAll(/ \/tmp\/(nginx\.pid|body|proxy|fastcgi|uwsgi|scgi)/g, ` ${folder}/$1`);
  writeFileSync(file, own.replaceAll(/\/dev\/std(err|out)/g, join(folder, "$1.log")));
  return file;
}

/** Starts nginx in the foreground with a configuration file. */
export async function startNginx(nginx: string, folder: string, file: string): Promise<ChildProcess> {
  const child = spawn(nginx, ["-e", join(folder, "err.log"), "-c", file, "-g", "daemon off;"], { stdio: "ignore" });
  await once(child, "spawn");
  return child;
}
