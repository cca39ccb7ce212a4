import { Container } from '@cdktf/provider-docker/lib/container/index.js';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider/index.js';
import { App, TerraformStack } from 'cdktf';
import { prepareService, RedisService } from 'twemstack';

const app = new App();

// The fields of stack.yaml, checked by the same rules. A path of such a file would do as well.
const service = await prepareService({
  stack: {
    name: 'shop',
    vip: '198.18.91.100',
    network: '198.18.91.0/24',
    shards: 1,
    pools: { sessions: { listen: 6379 } },
  },
});
const redis = new RedisService(app, 'redis', service.inputs);

/** The application beside it: a container that counts its starts in Redis, through the virtual IP. */
class ShopStack extends TerraformStack {
  constructor(scope, id) {
    super(scope, id);
    new DockerProvider(this, 'docker', {});
    const { source, version } = service.inputs.provider;
    this.addOverride('terraform.required_providers.docker', { source, version });
    const { host, port, network } = redis.endpoint('sessions');
    new Container(this, 'web', {
      name: 'shop-web',
      // An image of the service itself, which has redis-cli; your application brings its own.
      image: service.inputs.images.redis.name,
      entrypoint: ['sh', '-c'],
      command: [
        'REDISCLI_AUTH=$(cat /run/redis-password) redis-cli -h $REDIS_HOST -p $REDIS_PORT INCR starts; sleep infinity',
      ],
      env: [`REDIS_HOST=${host}`, `REDIS_PORT=${port}`],
      networksAdvanced: [{ name: network }],
      // Terraform's state gets the path and the hash of the password, not the password.
      upload: [{ file: '/run/redis-password', ...service.passwordUpload() }],
    });
    for (const { members } of redis.domains) this.addDependency(members);
  }
}
new ShopStack(app, 'shop-app');

app.synth();
service.linkProvider();
