/** A third-party image the platform runs. */
export interface ThirdPartyImage {
  /** Registry and repository. */
  readonly repository: string;
  readonly tag: string;
  /** SPDX expression of what is inside. */
  readonly licence: string;
  /** Where its source and release notes are. */
  readonly source: string;
}

/** Every third-party image, by the name configuration uses for it. */
export const thirdPartyImages = {
  nginx: {
    repository: "docker.io/library/nginx",
    tag: "1.30.0",
    licence: "BSD-2-Clause",
    source: "https://github.com/nginx/docker-nginx",
  },
  lego: {
    repository: "docker.io/goacme/lego",
    tag: "v4.26.0",
    licence: "MIT",
    source: "https://github.com/go-acme/lego",
  },
  postgres: {
    repository: "docker.io/library/postgres",
    tag: "17.7-bookworm",
    licence: "PostgreSQL",
    source: "https://github.com/docker-library/postgres",
  },
  redis: {
    repository: "docker.io/library/redis",
    tag: "8.4-bookworm",
    licence: "RSALv2 OR SSPL-1.0 OR AGPL-3.0-only",
    source: "https://github.com/redis/docker-library-redis",
  },
  qdrant: {
    repository: "docker.io/qdrant/qdrant",
    tag: "v1.19.0-unprivileged",
    licence: "Apache-2.0",
    source: "https://github.com/qdrant/qdrant",
  },
  versitygw: {
    repository: "ghcr.io/versity/versitygw",
    tag: "v1.8.0",
    licence: "Apache-2.0",
    source: "https://github.com/versity/versitygw",
  },
  litellm: {
    repository: "ghcr.io/berriai/litellm-non_root",
    tag: "v1.108.5",
    licence: "MIT AND LicenseRef-litellm-enterprise",
    source: "https://github.com/BerriAI/litellm",
  },
  vllm: {
    repository: "docker.io/vllm/vllm-openai",
    tag: "v0.32.0",
    licence: "Apache-2.0",
    source: "https://github.com/vllm-project/vllm",
  },
  "vllm-cpu": {
    repository: "docker.io/vllm/vllm-openai-cpu",
    tag: "v0.32.0-x86_64",
    licence: "Apache-2.0",
    source: "https://github.com/vllm-project/vllm",
  },
  "llama-cpp": {
    repository: "ghcr.io/ggml-org/llama.cpp",
    tag: "server-b10884",
    licence: "MIT",
    source: "https://github.com/ggml-org/llama.cpp",
  },
  "tei-cpu": {
    repository: "ghcr.io/huggingface/text-embeddings-inference",
    tag: "cpu-1.9.3",
    licence: "Apache-2.0",
    source: "https://github.com/huggingface/text-embeddings-inference",
  },
  "tei-gpu": {
    repository: "ghcr.io/huggingface/text-embeddings-inference",
    tag: "cuda-1.9.3",
    licence: "Apache-2.0",
    source: "https://github.com/huggingface/text-embeddings-inference",
  },
  "node-build": {
    repository: "docker.io/library/node",
    tag: "24.21.0-bookworm-slim",
    licence: "MIT",
    source: "https://github.com/nodejs/docker-node",
  },
  "node-run": {
    repository: "gcr.io/distroless/cc-debian12",
    tag: "nonroot",
    licence: "Apache-2.0",
    source: "https://github.com/GoogleContainerTools/distroless",
  },
} as const satisfies Record<string, ThirdPartyImage>;

export type ImageName = keyof typeof thirdPartyImages;

/** Where images come from. */
export interface ImageSettings {
  /** Registry that mirrors the public ones, for sites without internet: put before the repository. @default none */
  readonly mirror?: string;
  /** Full references that replace single images. @default none */
  readonly overrides?: Readonly<Partial<Record<ImageName, string>>>;
}

/** The reference of every image under the given settings. */
export type Images = Readonly<Record<ImageName, string>>;

/** Resolves the list of images: an override wins, then the mirror, then the public registry. */
export function resolveImages(settings: ImageSettings = {}): Images {
  const prefix = settings.mirror ? `${settings.mirror.replace(/\/+$/, "")}/` : "";
  const entries = Object.entries(thirdPartyImages).map(([name, { repository, tag }]) => [
    name,
    settings.overrides?.[name as ImageName] ?? `${prefix}${repository}:${tag}`,
  ]);
  return Object.fromEntries(entries) as Images;
}
