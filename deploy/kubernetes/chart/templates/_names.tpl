{{- define "coupon-stream.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "coupon-stream.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "coupon-stream.labels" -}}
{{ include "coupon-stream.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "coupon-stream.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag }}{{ end }}
{{- end }}

{{/* The settings' file: what was given, and the catalogue's place where one is given. */}}
{{- define "coupon-stream.settings" -}}
{{- $settings := deepCopy .Values.settings }}
{{- if .Values.catalogue }}{{ $_ := set $settings "catalogue_file" "/etc/coupon-stream/catalogue.yaml" }}{{ end }}
{{- if .Values.tls.ca.secret }}{{ $_ := set $settings "kafka_ssl_cafile" (printf "/etc/coupon-stream-ca/%s" .Values.tls.ca.key) }}{{ end }}
{{- if .Values.tls.user.secret }}
{{- $_ := set $settings "kafka_ssl_certfile" (printf "/etc/coupon-stream-user/%s" .Values.tls.user.cert) }}
{{- $_ := set $settings "kafka_ssl_keyfile" (printf "/etc/coupon-stream-user/%s" .Values.tls.user.key) }}
{{- end }}
{{- toYaml $settings }}
{{- end }}

{{- define "coupon-stream.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "coupon-stream.container" -}}
image: {{ include "coupon-stream.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - {name: settings, mountPath: /etc/coupon-stream, readOnly: true}
  - {name: tmp, mountPath: /tmp}
{{- if .Values.secrets.existing }}
  - {name: secrets, mountPath: /etc/coupon-stream-secrets, readOnly: true}
{{- end }}
{{- if .Values.tls.ca.secret }}
  - {name: ca, mountPath: /etc/coupon-stream-ca, readOnly: true}
{{- end }}
{{- if .Values.tls.user.secret }}
  - {name: user, mountPath: /etc/coupon-stream-user, readOnly: true}
{{- end }}
{{- end }}

{{- define "coupon-stream.env" -}}
- {name: COUPON_CONFIG_FILE, value: /etc/coupon-stream/settings.yaml}
{{- if .Values.secrets.existing }}
{{- range $setting, $key := .Values.secrets.files }}
- {name: COUPON_{{ upper $setting }}_FILE, value: /etc/coupon-stream-secrets/{{ $key }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "coupon-stream.volumes" -}}
- name: settings
  configMap: {name: {{ include "coupon-stream.name" . }}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- if .Values.secrets.existing }}
- name: secrets
  secret: {secretName: {{ .Values.secrets.existing }}, defaultMode: 288}
{{- end }}
{{- if .Values.tls.ca.secret }}
- name: ca
  secret: {secretName: {{ .Values.tls.ca.secret }}, defaultMode: 288}
{{- end }}
{{- if .Values.tls.user.secret }}
- name: user
  secret: {secretName: {{ .Values.tls.user.secret }}, defaultMode: 288}
{{- end }}
{{- end }}
