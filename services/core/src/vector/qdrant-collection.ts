import type { QdrantClient, Schemas } from "@qdrant/js-client-rest";
import { denseVector, sparseVectors } from "./qdrant-query.ts";

/** Every field a filter names. Made before any data: an index made later lacks the graph edges that filters need. */
const payloadIndexes: Readonly<Record<string, Schemas["PayloadSchemaParams"]>> = {
  tenant: { type: "keyword", is_tenant: true },
  allow: { type: "keyword" },
  deny: { type: "keyword" },
  level: { type: "integer" },
  collection: { type: "keyword" },
  document_id: { type: "keyword" },
  document_version: { type: "integer" },
  acl_version: { type: "integer" },
};

/**
 * Creates the collection, or what it lacks. Only reads where nothing is missing, so that a reader with a read-only key
 * may call it too.
 */
export async function prepareCollection(client: QdrantClient, name: string, dimensions: number | undefined) {
  if (!(await client.collectionExists(name)).exists) {
    await client.createCollection(name, {
      vectors: dimensions === undefined ? {} : { [denseVector]: { size: dimensions, distance: "Cosine" } },
      sparse_vectors: Object.fromEntries(sparseVectors.map((vector) => [vector, { modifier: "idf" as const }])),
      strict_mode_config: {
        enabled: true,
        unindexed_filtering_retrieve: false,
        unindexed_filtering_update: false,
      },
    });
  }
  const { payload_schema, config } = await client.getCollection(name);
  for (const [field_name, field_schema] of Object.entries(payloadIndexes)) {
    if (!(field_name in payload_schema))
      await client.createPayloadIndex(name, { field_name, field_schema, wait: true });
  }
  const vectors = (config.params.vectors ?? {}) as Partial<Record<string, unknown>>;
  if (dimensions !== undefined && !(denseVector in vectors)) {
    // An embedding server was configured after the collection was made: older chunks are found by their words alone.
    await client.createVectorName(
      name,
      denseVector,
      { dense: { size: dimensions, distance: "Cosine" } },
      { wait: true },
    );
  }
}
