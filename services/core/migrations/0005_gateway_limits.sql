CREATE TABLE "limits" (
	"tenant" text NOT NULL,
	"scope" text NOT NULL,
	"subject" text NOT NULL,
	"soft_budget" numeric(14, 6),
	"hard_budget" numeric(14, 6),
	"requests_per_minute" integer,
	"concurrent_requests" integer,
	CONSTRAINT "limits_tenant_scope_subject_pk" PRIMARY KEY("tenant","scope","subject")
);
--> statement-breakpoint
CREATE TABLE "model_policies" (
	"tenant" text NOT NULL,
	"department" text NOT NULL,
	"models" text[],
	"confidential" boolean DEFAULT false NOT NULL,
	CONSTRAINT "model_policies_tenant_department_pk" PRIMARY KEY("tenant","department")
);
