{{/* The server's settings. A secret comes from a Secret, never from a value. */}}

{{- define "entrepot.environment" -}}
{{- $plain := dict
  "ENTREPOT_DATA_DIR" "/var/lib/entrepot"
  "ENTREPOT_HOST" "0.0.0.0"
  "ENTREPOT_PORT" "5050"
  "ENTREPOT_WORKERS" .Values.workers
  "ENTREPOT_DRAIN_DELAY_SECONDS" .Values.drain.delaySeconds
  "ENTREPOT_DRAIN_SECONDS" .Values.drain.seconds
  "ENTREPOT_LOG_LEVEL" .Values.logLevel
  "ENTREPOT_EXTERNAL_URL" (include "entrepot.externalUrl" .)
  "ENTREPOT_DOMAIN" .Values.domain
  "ENTREPOT_ACCOUNT_ID" .Values.accountId
  "ENTREPOT_ALLOW_SPARSE" (ternary "true" "" .Values.allowSparse)
  "ENTREPOT_STORAGE_ENCRYPTED" (ternary "true" "" .Values.storageEncrypted)
  "ENTREPOT_BLOBS" .Values.blobs.url
  "ENTREPOT_TRUSTED_PROXY" (join "," .Values.trustedProxies)
-}}
{{- range $name, $value := dict
  "ENTREPOT_BLOB_REDIRECTS" .Values.blobs.redirects
  "ENTREPOT_PROXY_PROTOCOL" .Values.proxyProtocol
  "ENTREPOT_READ_ONLY" .Values.readOnly
-}}
{{- if not (kindIs "invalid" $value) }}{{ $_ := set $plain $name (toString $value) }}{{ end -}}
{{- end -}}
{{- if .Values.metrics.enabled }}{{ $_ := set $plain "ENTREPOT_METRICS_LISTEN" (printf "0.0.0.0:%d" (int .Values.metrics.port)) }}{{ end -}}
{{- if .Values.rootKey.existingSecret }}{{ $_ := set $plain "ENTREPOT_ROOT_KEY_FILE" "/etc/entrepot/root-key/root-key" }}{{ end -}}
{{- if .Values.tls.existingSecret }}
{{- $_ := set $plain "ENTREPOT_TLS_CERT" "/etc/entrepot/tls/tls.crt" }}
{{- $_ := set $plain "ENTREPOT_TLS_KEY" "/etc/entrepot/tls/tls.key" }}
{{- end -}}
{{- range $name, $value := $plain }}
{{- if ne (toString $value) "" }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}
{{- with .Values.database }}
{{- if .existingSecret }}
{{ include "entrepot.secretVariable" (list "ENTREPOT_DATABASE" .existingSecret .key) }}
{{- end }}
{{- end }}
{{- with .Values.rootCredential }}
{{- if .existingSecret }}
{{ include "entrepot.secretVariable" (list "ENTREPOT_ROOT_ACCESS_KEY_ID" .existingSecret .accessKeyIdKey) }}
{{ include "entrepot.secretVariable" (list "ENTREPOT_ROOT_SECRET_ACCESS_KEY" .existingSecret .secretAccessKeyKey) }}
{{- end }}
{{- end }}
{{- with .Values.blobs.existingSecret }}
{{ include "entrepot.secretVariable" (list "AWS_ACCESS_KEY_ID" . "AWS_ACCESS_KEY_ID") }}
{{ include "entrepot.secretVariable" (list "AWS_SECRET_ACCESS_KEY" . "AWS_SECRET_ACCESS_KEY") }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "entrepot.secretVariable" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 }}
      key: {{ index . 2 }}
{{- end }}
