/** The offline Docker provider as terraform starts it. */
import { dockerProvider } from './docker/provider.ts';
import { serve } from './protocol/serve.ts';

void serve(dockerProvider).then((code) => {
  if (code !== undefined) {
    process.exit(code);
  }
});
