/** What the reverse proxy needs to know. Addresses are `host:port`. */
export interface NginxConfig {
  /** Public name of the platform. */
  readonly domain: string;
  readonly apiAddresses: readonly string[];
  readonly gatewayAddresses: readonly string[];
  /** Ports inside the container. */
  readonly ports: { readonly http: number; readonly https: number; readonly status: number };
  /** Port clients use, for the redirect. */
  readonly publicHttpsPort: number;
  readonly certificateFile: string;
  readonly certificateKeyFile: string;
  /** Include file that holds the gateway's key as a `proxy_set_header` line. */
  readonly gatewayKeyFile: string;
  /** Folder of ACME HTTP challenges. @default no ACME */
  readonly acmeFolder?: string;
  /** Largest upload in MiB. */
  readonly maxUploadMiB: number;
  /** Requests per second and caller, with a burst of four times that. */
  readonly requestsPerSecond: number;
  /** Seconds an answer may take until its next byte. */
  readonly answerTimeoutSeconds: number;
}

const hsts = 'add_header Strict-Transport-Security "max-age=31536000" always;';

/**
 * Renders nginx.conf.
 *
 * - Headers that carry an identity are made here and nowhere else: `/v1/` passes an allow-list of client headers on,
 *   so no client copy of them can slip through under any name.
 * - A copy that does not answer is skipped. Requests that may be sent twice without harm (questions to a model or an
 *   agent) are retried even after they were sent; all others only when the connection failed.
 * - `/internal` and `/metrics` do not exist from outside. nginx compares decoded and normalised paths.
 */
export function renderNginxConfig(config: NginxConfig): string {
  const { ports, domain, acmeFolder } = config;
  // Through a variable nginx opens the files at each handshake: it starts before the first certificate is there and
  // serves a renewed one without a reload.
  const certificate = (file: string) => (acmeFolder ? file.replace(domain, "$certificate_name") : file);
  return `worker_processes auto;
pid /tmp/nginx.pid;
error_log /dev/stderr warn;

events {
  worker_connections 4096;
}

http {
  server_tokens off;
  default_type application/octet-stream;
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;

  # Paths without their query, because queries may carry what people search for.
  log_format json escape=json '{"time":"$time_iso8601","requestId":"$request_id","client":"$remote_addr",'
    '"method":"$request_method","path":"$uri","status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,'
    '"upstream":"$upstream_addr","upstreamStatus":"$upstream_status","upstreamSeconds":"$upstream_response_time",'
    '"tls":"$ssl_protocol"}';
  access_log /dev/stdout json;

  client_max_body_size ${String(config.maxUploadMiB)}m;
  client_header_timeout 15s;
  client_body_timeout 60s;
  large_client_header_buffers 4 16k;
  keepalive_timeout 65s;
  send_timeout 60s;

  # One bucket per credential; per address for callers without one.
  map $http_authorization$http_x_api_key $caller {
    "" $binary_remote_addr;
    default $http_authorization$http_x_api_key;
  }
  limit_req_zone $caller zone=callers:10m rate=${String(config.requestsPerSecond)}r/s;
  limit_req_zone $binary_remote_addr zone=signin:10m rate=5r/s;
  limit_req_status 429;

  # The API names the status of a refusal; auth_request itself knows only 401 and 403.
  map $refusal_status $refusal_kind {
    429 429;
    401 401;
    default 403;
  }

${acmeFolder ? `  map "" $certificate_name { default ${domain}; }\n` : ""}${renderUpstream("api", config.apiAddresses)}
${renderUpstream("gateway", config.gatewayAddresses)}
  proxy_http_version 1.1;
  proxy_connect_timeout 2s;
  proxy_read_timeout ${String(config.answerTimeoutSeconds)}s;
  proxy_next_upstream error timeout http_502 http_503;
  proxy_next_upstream_tries 3;

  server {
    listen ${String(ports.status)};
    access_log off;
    location = /status { stub_status; }
    location / { return 404; }
  }

  server {
    listen ${String(ports.http)} default_server;
${renderChallenge(config.acmeFolder)}    location / { return 308 https://${config.domain}${config.publicHttpsPort === 443 ? "" : `:${String(config.publicHttpsPort)}`}$request_uri; }
  }

  server {
    listen ${String(ports.https)} ssl http2;
    server_name ${config.domain};

    ssl_certificate ${certificate(config.certificateFile)};
    ssl_certificate_key ${certificate(config.certificateKeyFile)};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:10m;
    ssl_session_tickets off;
    ${hsts}

    proxy_set_header Host $host;
    proxy_set_header Connection "";
    proxy_set_header X-Request-Id $request_id;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto https;
    proxy_set_header X-Forwarded-Host $host;
    proxy_set_header X-Real-Ip "";
    proxy_set_header Forwarded "";
    proxy_set_header X-Platform-Identity "";

    location ~* ^/(internal|metrics)(/|$) { return 404; }

    location = /authorize-call {
      internal;
      proxy_pass http://api/internal/authorize;
      proxy_method GET;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Original-Uri $request_uri;
    }

    # The OpenAI-compatible model gateway.
    location /v1/ {
      limit_req zone=callers burst=${String(config.requestsPerSecond * 4)} nodelay;
      auth_request /authorize-call;
      auth_request_set $identity $upstream_http_x_platform_identity;
      auth_request_set $refusal_status $upstream_http_x_refusal_status;
      auth_request_set $refusal $upstream_http_x_refusal;
      auth_request_set $refusal_retry $upstream_http_retry_after;
      auth_request_set $budget_warning $upstream_http_x_budget_warning;
      error_page 401 403 = @refused;
      # A location with headers of its own inherits none.
      ${hsts}
      add_header X-Budget-Warning $budget_warning;

      proxy_pass http://gateway;
      proxy_pass_request_headers off;
      include ${config.gatewayKeyFile};
      proxy_set_header X-Platform-Identity $identity;
      proxy_set_header Host $host;
      proxy_set_header Connection "";
      proxy_set_header X-Request-Id $request_id;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header Content-Type $content_type;
      proxy_set_header Content-Length $content_length;
      proxy_set_header Accept $http_accept;
      proxy_set_header User-Agent $http_user_agent;
      proxy_next_upstream error timeout http_502 http_503 non_idempotent;
      proxy_buffering off;
      proxy_cache off;
      client_max_body_size 16m;
    }

    location @refused {
      internal;
      default_type application/problem+json;
      ${hsts}
      add_header Retry-After $refusal_retry always;
      if ($refusal_kind = 429) { return 429 $refusal; }
      if ($refusal_kind = 401) { return 401 $refusal; }
      return 403 $refusal;
    }

    # Questions to agents: streamed, and safe to ask a second copy.
    location /agent/ {
      limit_req zone=callers burst=${String(config.requestsPerSecond * 4)} nodelay;
      proxy_pass http://api;
      proxy_next_upstream error timeout http_502 http_503 non_idempotent;
      proxy_buffering off;
      client_max_body_size 1m;
    }

    # Guessing passwords is slowed down per address, whatever credential it claims.
    location /oauth/ {
      limit_req zone=signin burst=20 nodelay;
      proxy_pass http://api;
      client_max_body_size 64k;
    }

    location / {
      limit_req zone=callers burst=${String(config.requestsPerSecond * 4)} nodelay;
      proxy_pass http://api;
      # Large uploads go straight through instead of filling the small memory disk.
      proxy_request_buffering off;
    }
  }
}
`;
}

function renderUpstream(name: string, addresses: readonly string[]): string {
  const servers = addresses.map((address) => `    server ${address} max_fails=1 fail_timeout=5s;`);
  return [
    `  upstream ${name} {`,
    `    zone ${name} 256k;`,
    "    least_conn;",
    ...servers,
    "    keepalive 32;",
    "  }",
    "",
  ].join("\n");
}

function renderChallenge(folder: string | undefined): string {
  return folder ? `    location /.well-known/acme-challenge/ { root ${folder}; }\n` : "";
}
