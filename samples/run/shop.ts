import { type MariadbServer } from '../../test/support/mariadb-server.ts'

/** A shop of so many items, and a user for its relay. What is there before the relay comes is in no stream. */
export async function openShop(server: MariadbServer, items: number): Promise<void> {
  await server.query('CREATE DATABASE shop')
  await server.query('CREATE TABLE shop.item (id BIGINT PRIMARY KEY, name VARCHAR(40) NOT NULL, stock INT NOT NULL)')
  await server.query(`INSERT INTO shop.item SELECT seq, CONCAT('item ', seq), seq MOD 50 FROM shop.seq_1_to_${items}`)
  await server.query("CREATE USER shop@'127.0.0.1' IDENTIFIED BY 'shop'")
  await server.query("GRANT REPLICATION SLAVE, BINLOG MONITOR, SELECT ON *.* TO shop@'127.0.0.1'")
}
