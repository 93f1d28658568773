{{/* The pod of a node, the same in a Deployment and in a StatefulSet. */}}

{{- define "entrepot.pod" -}}
metadata:
  labels:
    {{- include "entrepot.selector" . | nindent 4 }}
    {{- with .Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  {{- with .Values.podAnnotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "entrepot.serviceAccount" . }}
  automountServiceAccountToken: false
  # Kubernetes would put the address of every service into the environment.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ add .Values.drain.delaySeconds .Values.drain.seconds 15 }}
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: entrepot
      image: {{ include "entrepot.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve]
      env: {{- include "entrepot.environment" . | trim | nindent 8 }}
      ports:
        - name: http
          containerPort: 5050
        {{- if .Values.metrics.enabled }}
        - name: metrics
          containerPort: {{ .Values.metrics.port }}
        {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      # The tables may have to be made first.
      startupProbe:
        {{- include "entrepot.probe" (list . "/healthz") | nindent 8 }}
        periodSeconds: 2
        failureThreshold: 150
      livenessProbe:
        {{- include "entrepot.probe" (list . "/healthz") | nindent 8 }}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        {{- include "entrepot.probe" (list . "/readyz") | nindent 8 }}
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 2
      resources: {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /var/lib/entrepot
        {{- if .Values.sharedVolume.existingClaim }}
        - name: blobs
          mountPath: /var/lib/entrepot/blobs
        {{- end }}
        - name: tmp
          mountPath: /tmp
        {{- if .Values.rootKey.existingSecret }}
        - name: root-key
          mountPath: /etc/entrepot/root-key
          readOnly: true
        {{- end }}
        {{- if .Values.tls.existingSecret }}
        - name: tls
          mountPath: /etc/entrepot/tls
          readOnly: true
        {{- end }}
  volumes:
    {{- if .Values.cluster }}
    # Locks and files on their way: nothing in it has to outlive the pod.
    - name: data
      emptyDir: {}
    {{- else if .Values.persistence.existingClaim }}
    - name: data
      persistentVolumeClaim:
        claimName: {{ .Values.persistence.existingClaim }}
    {{- end }}
    {{- with .Values.sharedVolume.existingClaim }}
    - name: blobs
      persistentVolumeClaim:
        claimName: {{ . }}
    {{- end }}
    - name: tmp
      emptyDir: {}
    {{- with .Values.rootKey }}
    {{- if .existingSecret }}
    - name: root-key
      secret:
        secretName: {{ .existingSecret }}
        defaultMode: 0440
        items:
          - key: {{ .key }}
            path: root-key
    {{- end }}
    {{- end }}
    {{- with .Values.tls.existingSecret }}
    - name: tls
      secret:
        secretName: {{ . }}
        defaultMode: 0440
    {{- end }}
  {{- if .Values.topologySpread }}
  topologySpreadConstraints:
    {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: {{ $.Values.topologySpread.maxSkew }}
      topologyKey: {{ . }}
      whenUnsatisfiable: {{ $.Values.topologySpread.whenUnsatisfiable }}
      labelSelector:
        matchLabels: {{- include "entrepot.selector" $ | nindent 10 }}
    {{- end }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
{{- end }}

{{- define "entrepot.probe" -}}
{{- $root := index . 0 -}}
httpGet:
  path: {{ index . 1 }}
  port: http
  {{- if $root.Values.tls.existingSecret }}
  scheme: HTTPS
  {{- end }}
{{- end }}
