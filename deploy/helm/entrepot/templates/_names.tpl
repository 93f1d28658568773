{{/* Names, labels and what several manifests say alike. */}}

{{- define "entrepot.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "entrepot.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "entrepot.labels" -}}
{{ include "entrepot.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "entrepot.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- define "entrepot.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "entrepot.name" .) }}{{ else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}

{{- define "entrepot.externalUrl" -}}
{{- if .Values.externalUrl }}{{ .Values.externalUrl }}
{{- else if and .Values.ingress.enabled .Values.ingress.hosts }}{{ ternary "https" "http" (ne .Values.ingress.tlsSecret "") }}://{{ first .Values.ingress.hosts }}
{{- end }}
{{- end }}

{{/* What must hold before anything is rendered: each line says what to do. */}}
{{- define "entrepot.check" -}}
{{- if .Values.cluster }}
{{- $_ := required "a cluster needs rootKey.existingSecret: nodes share one root key, see the chart's README" .Values.rootKey.existingSecret }}
{{- $_ := required "a cluster needs rootCredential.existingSecret: no node's folder outlives it, see the chart's README" .Values.rootCredential.existingSecret }}
{{- $_ := required "a cluster needs database.existingSecret: nodes share one PostgreSQL" .Values.database.existingSecret }}
{{- if not (or .Values.blobs.url .Values.sharedVolume.existingClaim) }}
{{- fail "a cluster needs blobs.url or sharedVolume.existingClaim: nodes share their layers" }}
{{- end }}
{{- else if .Values.autoscaling.enabled }}
{{- fail "autoscaling needs cluster: true; a single node stays one" }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
{{- fail "an ingress needs ingress.hosts" }}
{{- end }}
{{- end }}
