/**
 * An Indexed Job for Kubernetes (1.33 or later): one index for each member. The claim with the runs, the data too, is mounted where these lie
 * here, for a run knows its data by their path. What an exit code means is said in `podFailurePolicy`.
 */
import { EXIT } from '../exit.ts';

export interface KubernetesOptions {
  readonly name: string;
  readonly namespace?: string | undefined;
  /** Container image in which `command` is found. */
  readonly image: string;
  /** Name of a PersistentVolumeClaim that many nodes may write to. */
  readonly claim: string;
  /** Absolute path that the claim is mounted at. */
  readonly mount: string;
  /** Name of Kueue's LocalQueue; absent: the Job starts at once. */
  readonly queue?: string | undefined;
  readonly tasks: number;
  readonly cpus: number;
  /** As Kubernetes takes it, such as `2Gi`. */
  readonly memory?: string | undefined;
  /** Tasks at a time; absent: all. */
  readonly parallel?: number | undefined;
  readonly retries: number;
  readonly command: readonly string[];
}

const CONTAINER = 'member';
const LABELS = { 'app.kubernetes.io/name': 'freetickets', 'app.kubernetes.io/component': 'train-member' };

/** Seconds after which a Job that is over is removed, so that one of its name can be made again; how the members ended is in their folders. */
const KEPT_SECONDS = 24 * 3600;

/** Seconds that a pod has for its checkpoint when it is to go. */
const GRACE_SECONDS = 60;

export function kubernetesJob(options: KubernetesOptions): object {
  const { name, namespace, queue, tasks, parallel = tasks, retries } = options;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, ...(namespace && { namespace }), labels: { ...LABELS, ...(queue && { 'kueue.x-k8s.io/queue-name': queue }) } },
    spec: {
      ...(queue && { suspend: true }), // until Kueue admits it
      completionMode: 'Indexed',
      completions: tasks,
      parallelism: Math.min(parallel, tasks),
      backoffLimitPerIndex: retries,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      // A pod that is being ended may still write; the next one begins when it has gone.
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [
          { action: 'FailIndex', onExitCodes: { containerName: CONTAINER, operator: 'In', values: [EXIT.usage, EXIT.permanent] } },
          { action: 'Ignore', onExitCodes: { containerName: CONTAINER, operator: 'In', values: [EXIT.resume] } },
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        ],
      },
      template: { metadata: { labels: LABELS }, spec: podOf(options) },
    },
  };
}

function podOf({ image, claim, mount, cpus, memory, command }: KubernetesOptions): object {
  const needs = { cpu: String(cpus), ...(memory && { memory }) };
  return {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: GRACE_SECONDS,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    containers: [
      {
        name: CONTAINER,
        image,
        command,
        resources: { requests: needs, ...(memory && { limits: { memory } }) },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        volumeMounts: [{ name: 'runs', mountPath: mount }],
      },
    ],
    volumes: [{ name: 'runs', persistentVolumeClaim: { claimName: claim } }],
  };
}
