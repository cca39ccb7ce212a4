/** Inside a monitor's container, on 127.0.0.1: nobody else reaches them. */
export const ALERTMANAGER_PORT = 9093;
export const EXPORTER_PORT = 9121;
/** On the back address: where two monitors tell each other what was sent already. */
export const CLUSTER_PORT = 9094;
