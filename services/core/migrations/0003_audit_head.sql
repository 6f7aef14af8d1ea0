CREATE TABLE "audit_head" (
	"id" integer PRIMARY KEY NOT NULL,
	"rows" bigint NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
INSERT INTO "audit_head" ("id", "rows", "hash") VALUES (1, 0, '');
