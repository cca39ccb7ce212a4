// npm runs this before it packs the checkout itself: sources without a command to run, which nobody could use.
process.stderr.write(
  'error: a checkout is not what people install\n' +
    '  do:    `npm run package` compiles it and packs that: dist/twemstack-VERSION.tgz\n',
);
process.exitCode = 2;
