import type * as pulumi from "@pulumi/pulumi";
import { filePath } from "../runtime/workload.ts";

/** What both services connect to. The secrets are in `databaseUrl` and in everything that ends in `Key`. */
export interface ServiceConnections {
  readonly databaseUrl: pulumi.Input<string>;
  readonly qdrantUrl: string;
  readonly qdrantApiKey: pulumi.Input<string>;
  readonly embedding: {
    readonly url: string;
    readonly model: string;
    readonly dimensions: number;
    readonly apiKey: pulumi.Input<string>;
  };
}

/** Environment and secret files of the connections; the services read `X_FILE` where they want `X`. */
export function connectionSettings(connections: ServiceConnections): {
  env: Record<string, string>;
  secrets: Record<string, pulumi.Input<string>>;
} {
  const { embedding } = connections;
  return {
    env: {
      DATABASE_URL_FILE: filePath("database-url"),
      QDRANT_URL: connections.qdrantUrl,
      QDRANT_API_KEY_FILE: filePath("qdrant-api-key"),
      EMBEDDINGS_BASE_URL: embedding.url,
      EMBEDDINGS_MODEL: embedding.model,
      EMBEDDINGS_DIMENSIONS: String(embedding.dimensions),
      EMBEDDINGS_API_KEY_FILE: filePath("embedding-api-key"),
    },
    secrets: {
      "database-url": connections.databaseUrl,
      "qdrant-api-key": connections.qdrantApiKey,
      "embedding-api-key": embedding.apiKey,
    },
  };
}

/** Health check of a service of ours: its image holds Node and nothing else that could ask. */
export function nodeHealth(port: number, path: string): readonly string[] {
  const script = `fetch("http://127.0.0.1:${String(port)}${path}").then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
  return ["/usr/local/bin/node", "-e", script];
}
