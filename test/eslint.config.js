import pulumi from "@pulumi/eslint-plugin";
import tseslint from "typescript-eslint";

/** Imports that would break the direction of the house; see "Architecture" in the README. */
const forbid = (files, patterns) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns }] },
});
const pulumiPackages = { group: ["@pulumi/*"], message: "Services know no Pulumi." };
const vectorClient = {
  group: ["@qdrant/*", "**/vector/pgvector-store*", "**/vector/qdrant-store*"],
  message: "Only core/src/vector talks to the vector store; use the Retriever.",
};

const makesCallers = {
  regex: "(^|/)caller\\.ts$",
  importNames: ["constructVerifiedCaller"],
  message: "Only the caller verifier makes callers.",
};
const buildsFilters = {
  regex: "(^|/)filter\\.ts$",
  importNames: ["buildAccessFilter"],
  message: "Only the Retriever builds access filters.",
};

export default tseslint.config(
  { ignores: ["**/node_modules/**", "**/.data/**", "services/api/src/web/public/**", "policies/**"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: new URL("..", import.meta.url).pathname },
    },
    rules: {
      "max-lines": ["error", { max: 300 }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-extraneous-class": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/prefer-promise-reject-errors": "off",
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
    },
  },
  {
    files: ["components/**/*.ts", "stacks/**/*.ts", "test/components/**/*.ts", "test/stacks/**/*.ts"],
    plugins: { "@pulumi": pulumi },
    rules: {
      "@pulumi/no-output-in-template-literal": "error",
      "@pulumi/no-output-instance-in-template-literal": "error",
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.property.name='apply'] > :function NewExpression[callee.object]",
          message: "Resources inside `apply` do not show in preview.",
        },
      ],
    },
  },
  forbid(["services/**/*.ts"], [pulumiPackages, vectorClient, makesCallers, buildsFilters]),
  forbid(["services/core/src/vector/**/*.ts"], [pulumiPackages, makesCallers, buildsFilters]),
  forbid(["services/core/src/identity/caller-verifier.ts"], [pulumiPackages, vectorClient, buildsFilters]),
  forbid(["services/core/src/access/create-retriever.ts"], [pulumiPackages, vectorClient, makesCallers]),
  forbid(
    ["components/**/*.ts"],
    [
      {
        group: ["**/stacks/*", "**/services/*", "@ai-platform/*"],
        message: "Components never read config or services.",
      },
    ],
  ),
);
