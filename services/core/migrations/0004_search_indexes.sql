CREATE TABLE "search_indexes" (
	"name" text PRIMARY KEY NOT NULL,
	"model" text NOT NULL,
	"dimensions" integer NOT NULL
);
