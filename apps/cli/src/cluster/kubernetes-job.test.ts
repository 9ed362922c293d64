import { describe, expect, it } from 'vitest';
import { type KubernetesOptions, kubernetesJob } from './kubernetes-job.ts';

const OPTIONS: KubernetesOptions = {
  name: 'x',
  image: 'freetickets:0.1.0',
  claim: 'runs',
  mount: '/runs',
  tasks: 8,
  cpus: 2,
  retries: 3,
  command: ['freetickets', 'train-member', '--run', '/runs/a'],
};

describe('kubernetesJob', () => {
  it('has an index for each task, each with its own retries, and pods that never restart, as these need it', () => {
    expect(kubernetesJob(OPTIONS)).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      spec: {
        completionMode: 'Indexed',
        completions: 8,
        parallelism: 8,
        backoffLimitPerIndex: 3,
        podReplacementPolicy: 'Failed',
        template: { spec: { restartPolicy: 'Never' } },
      },
    });
    expect(kubernetesJob({ ...OPTIONS, parallel: 2 })).toMatchObject({ spec: { parallelism: 2 } });
    expect(kubernetesJob({ ...OPTIONS, parallel: 20 })).toMatchObject({ spec: { parallelism: 8 } });
  });

  it('gives an index up at 42, and does not count a checkpoint or an eviction', () => {
    const container = { containerName: 'member', operator: 'In' };
    expect(kubernetesJob(OPTIONS)).toMatchObject({
      spec: {
        podFailurePolicy: {
          rules: [
            { action: 'FailIndex', onExitCodes: { ...container, values: [2, 42] } },
            { action: 'Ignore', onExitCodes: { ...container, values: [75] } },
            { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
          ],
        },
        template: { spec: { containers: [{ name: 'member' }] } },
      },
    });
  });

  it('mounts the claim and asks for processors, and for memory where it is told how much', () => {
    const pod = (over: Partial<KubernetesOptions>) => kubernetesJob({ ...OPTIONS, ...over }) as { spec: { template: { spec: object } } };
    expect(pod({}).spec.template.spec).toMatchObject({
      containers: [
        { image: 'freetickets:0.1.0', resources: { requests: { cpu: '2' } }, volumeMounts: [{ name: 'runs', mountPath: '/runs' }] },
      ],
      volumes: [{ name: 'runs', persistentVolumeClaim: { claimName: 'runs' } }],
    });
    expect(pod({ memory: '2Gi' }).spec.template.spec).toMatchObject({
      containers: [{ resources: { requests: { cpu: '2', memory: '2Gi' }, limits: { memory: '2Gi' } } }],
    });
  });

  it("stands in Kueue's queue, suspended until it is admitted", () => {
    expect(kubernetesJob({ ...OPTIONS, queue: 'team' })).toMatchObject({
      metadata: { labels: { 'kueue.x-k8s.io/queue-name': 'team' } },
      spec: { suspend: true },
    });
    expect(kubernetesJob(OPTIONS)).not.toHaveProperty('spec.suspend');
  });
});
