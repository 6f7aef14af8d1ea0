import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parseStartOptions } from "../../../services/api/src/embedded/options.ts";

describe("flags of npm start", () => {
  it("listens on this machine only and keeps its data in .data by default", () => {
    expect(parseStartOptions([])).toEqual({ port: 8888, host: "127.0.0.1", dataDir: resolve(".data") });
  });

  it("takes a port, a host and a folder", () => {
    expect(parseStartOptions(["--port", "0", "--host", "0.0.0.0", "--data-dir=demo"])).toEqual({
      port: 0,
      host: "0.0.0.0",
      dataDir: resolve("demo"),
    });
  });

  it("tells apart the two flags that only print", () => {
    expect(parseStartOptions(["--help"])).toBe("help");
    expect(parseStartOptions(["--version"])).toBe("version");
  });

  it.each([
    [["--port", "http"], '--port got "http"; give a whole number from 0 to 65535'],
    [["--port", "65536"], '--port got "65536"'],
    [["--port=-1"], '--port got "-1"'],
    [["--data-dir", ""], "--data-dir got nothing"],
    [["--host="], "--host got nothing"],
    [["--prot", "80"], "Unknown option '--prot'; flags are --port, --host"],
    [["8080"], "8080"],
    [["--port"], "--port"],
  ])("refuses %j in one line", (argv, message) => {
    expect(() => parseStartOptions(argv)).toThrow(message);
    expect(() => parseStartOptions(argv)).toThrow(/^[^\n]+$/);
  });
});
