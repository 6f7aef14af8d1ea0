ALTER TABLE "documents" DROP CONSTRAINT "documents_source";--> statement-breakpoint
ALTER TABLE "ingest_jobs" ALTER COLUMN "document_id" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "ingest_jobs" ALTER COLUMN "version" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "ingest_jobs" ADD COLUMN "acl_version" bigint NOT NULL;--> statement-breakpoint
ALTER TABLE "ingest_jobs" ADD COLUMN "facts" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "documents_source" ON "documents" USING btree ("tenant","source") WHERE deleted_at is null;--> statement-breakpoint
ALTER TABLE "ingest_jobs" ADD CONSTRAINT "ingest_jobs_version" UNIQUE("document_id","version");