{{/* The name of everything: the release's, once. */}}
{{- define "goproxy.name" -}}
{{- if contains "goproxy" .Release.Name -}}
{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-goproxy" .Release.Name | trunc 52 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "goproxy.selector" -}}
app.kubernetes.io/name: goproxy
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "goproxy.labels" -}}
{{ include "goproxy.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}
